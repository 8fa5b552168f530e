// @TITLE@: the picture is darkened. Replace the arithmetic by your own.
package main

import "guest/kadr"

func main() {}

//go:wasmexport kadr_process
func process(at uint32) int32 {
	job := kadr.At(at)
	in, out := job.Input(0, 0), job.Output()
	if in == nil || out.Depth > 8 {
		return job.Fail(kadr.Unsupported, "8 bit are expected")
	}
	asked := uint16((1-job.Number(0))*128 + 0.5)
	for p := uint32(0); p < out.PlaneCount; p++ {
		keep := asked
		if p > 0 {
			keep = 128
		}
		first, end := job.Rows(p)
		for y := first; y < end; y++ {
			from, to := kadr.Row[uint8](&in.Planes[p], y), kadr.Row[uint8](&out.Planes[p], y)
			for x, value := range from {
				to[x] = uint8(uint16(value) * keep >> 7)
			}
		}
	}
	return kadr.OK
}
