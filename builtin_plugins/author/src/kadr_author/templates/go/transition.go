// @TITLE@: one clip is mixed into the next. Replace the arithmetic by your own.
package main

import "guest/kadr"

func main() {}

//go:wasmexport kadr_process
func process(at uint32) int32 {
	job := kadr.At(at)
	a, b, out := job.Input(0, 0), job.Input(1, 0), job.Output()
	if a == nil || b == nil || out.Depth > 8 {
		return job.Fail(kadr.Unsupported, "two inputs of 8 bit are expected")
	}
	hold := job.Number(0)
	way := min(max((job.Progress-hold)/(1-2*hold), 0), 1)
	part := uint32(way*256 + 0.5)
	for p := uint32(0); p < out.PlaneCount; p++ {
		first, end := job.Rows(p)
		for y := first; y < end; y++ {
			left, right := kadr.Row[uint8](&a.Planes[p], y), kadr.Row[uint8](&b.Planes[p], y)
			to := kadr.Row[uint8](&out.Planes[p], y)
			for x := range to {
				to[x] = uint8((uint32(left[x])*(256-part) + uint32(right[x])*part + 128) >> 8)
			}
		}
	}
	return kadr.OK
}
