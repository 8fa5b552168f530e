// @TITLE@: the sound made louder or quieter. Sound comes in blocks of 1024 samples, planar, full scale at 1.
package main

import "guest/kadr"

func main() {}

//go:wasmexport kadr_process
func process(at uint32) int32 {
	job := kadr.At(at)
	in, out := job.Sound(0), job.SoundOutput()
	if in == nil {
		return job.Fail(kadr.Failed, "sound is expected")
	}
	gain := float32(job.Number(0))
	for c := uint32(0); c < out.Channels; c++ {
		from, to := in.Channel(c), out.Channel(c)
		for n := range to {
			to[n] = from[n] * gain
		}
	}
	return kadr.OK
}
