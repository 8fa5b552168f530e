// @TITLE@: two tracks beside each other. The inputs come in the order of the declaration.
package main

import "guest/kadr"

func main() {}

//go:wasmexport kadr_process
func process(at uint32) int32 {
	job := kadr.At(at)
	left, right, out := job.Input(0, 0), job.Input(1, 0), job.Output()
	if left == nil || right == nil || out.Depth > 8 {
		return job.Fail(kadr.Unsupported, "two inputs of 8 bit are expected")
	}
	for p := uint32(0); p < out.PlaneCount; p++ {
		edge := uint32(job.Number(0)*float64(out.Planes[p].Width) + 0.5)
		first, end := job.Rows(p)
		for y := first; y < end; y++ {
			to := kadr.Row[uint8](&out.Planes[p], y)
			copy(to[:edge], kadr.Row[uint8](&left.Planes[p], y))
			copy(to[edge:], kadr.Row[uint8](&right.Planes[p], y)[edge:])
		}
	}
	return kadr.OK
}
