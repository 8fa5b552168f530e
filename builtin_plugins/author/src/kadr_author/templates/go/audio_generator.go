// @TITLE@: a tone with corners. Samples are counted from the start of the clip.
package main

import "guest/kadr"

func main() {}

//go:wasmexport kadr_process
func process(at uint32) int32 {
	job := kadr.At(at)
	out, period, level := job.SoundOutput(), job.Whole(0), float32(job.Number(1))
	for c := uint32(0); c < out.Channels; c++ {
		to := out.Channel(c)
		for n := range to {
			if 2*((out.First+int64(n))%period) < period {
				to[n] = level
			} else {
				to[n] = -level
			}
		}
	}
	return kadr.OK
}
