// @TITLE@: how many pixels are brighter than a level. What is said is one JSON object a frame.
package main

import "guest/kadr"

func main() {}

//go:wasmexport kadr_process
func process(at uint32) int32 {
	job := kadr.At(at)
	in := job.Input(0, 0)
	if in == nil || in.Depth > 8 {
		return job.Fail(kadr.Unsupported, "8 bit are expected")
	}
	luma, level, count := &in.Planes[0], job.Whole(0), uint64(0)
	for y := uint32(0); y < luma.Height; y++ {
		for _, value := range kadr.Row[uint8](luma, y) {
			if int64(value) > level {
				count++
			}
		}
	}
	job.Say("{\"brighter\":")
	job.SayNumber(count)
	job.Say(",\"pixels\":")
	job.SayNumber(uint64(luma.Width) * uint64(luma.Height))
	job.Say("}")
	return kadr.OK
}
