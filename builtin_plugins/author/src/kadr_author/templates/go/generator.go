// @TITLE@: stripes that move. Everything follows from the frame's number, so any frame can be made alone.
package main

import "guest/kadr"

func main() {}

//go:wasmexport kadr_process
func process(at uint32) int32 {
	job := kadr.At(at)
	out := job.Output()
	if out.Depth > 8 {
		return job.Fail(kadr.Unsupported, "8 bit are expected")
	}
	size, moved := job.Whole(0), job.Frame*job.Whole(1)
	for p := uint32(0); p < out.PlaneCount; p++ {
		first, end := job.Rows(p)
		for y := first; y < end; y++ {
			to := kadr.Row[uint8](&out.Planes[p], y)
			for x := range to {
				to[x] = 128
				if p == 0 {
					to[x] = uint8(16 + 219*((int64(x)+moved)/size%2))
				}
			}
		}
	}
	return kadr.OK
}
