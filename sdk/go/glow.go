// Glow: what is brighter than a threshold shines over its neighbours. See ../c/glow.c for how.
package main

import "guest/kadr"

const (
	most = 64
	rows = 2*most + 2
)

var (
	ring []uint16 // averaged rows
	sums []uint32 // one a column
	line []uint16 // the bright part of one row, its edges repeated by the radius
)

type glow struct {
	radius, threshold, strength, part, top uint32
	in, out                                *kadr.Plane
}

func main() {}

//go:wasmexport kadr_process
func process(at uint32) int32 {
	job := kadr.At(at)
	in, out := job.Input(0, 0), job.Output()
	if in == nil || out.Depth > 16 {
		return job.Fail(kadr.Unsupported, "whole numbers up to 16 bit are expected")
	}
	if uint32(len(sums)) < out.Width {
		ring, sums = make([]uint16, rows*out.Width), make([]uint32, out.Width)
		line = make([]uint16, out.Width+2*most+1)
	}
	top := uint32(1)<<out.Depth - 1
	g := &glow{top: top, in: &in.Planes[0], out: &out.Planes[0]}
	g.radius = min(uint32(job.Number(0)+0.5), most)
	g.threshold = uint32(job.Number(1)*float64(top) + 0.5)
	g.strength = uint32(job.Number(2)*256 + 0.5)
	g.part = 65536 / (2*g.radius + 1)
	if out.Depth <= 8 {
		frame[uint8](job, g, in, out)
	} else {
		frame[uint16](job, g, in, out)
	}
	return kadr.OK
}

func frame[Word uint8 | uint16](job *kadr.Job, g *glow, in, out *kadr.Image) {
	first, end := job.Rows(0)
	luma[Word](g, first, end)
	for p := uint32(1); p < out.PlaneCount; p++ {
		first, end := job.Rows(p)
		for y := first; y < end; y++ {
			copy(kadr.Row[Word](&out.Planes[p], y), kadr.Row[Word](&in.Planes[p], y))
		}
	}
}

func luma[Word uint8 | uint16](g *glow, first, end uint32) {
	r := int64(g.radius)
	for row := g.inside(int64(first) - r); row <= g.inside(int64(first)+r); row++ {
		average[Word](g, row)
	}
	columns := sums[:g.in.Width]
	clear(columns)
	for k := -r; k <= r; k++ {
		add(columns, g.slot(g.inside(int64(first)+k)))
	}
	for y := int64(first); y < int64(end); y++ {
		shine(g, kadr.Row[Word](g.in, uint32(y)), columns, kadr.Row[Word](g.out, uint32(y)))
		if y+r+1 < int64(g.in.Height) {
			average[Word](g, uint32(y+r+1))
		}
		move(columns, g.slot(g.inside(y+r+1)), g.slot(g.inside(y-r)))
	}
}

func (g *glow) inside(row int64) uint32 { return uint32(min(max(row, 0), int64(g.in.Height)-1)) }

func (g *glow) slot(row uint32) []uint16 {
	at := row % rows * g.in.Width
	return ring[at : at+g.in.Width]
}

func average[Word uint8 | uint16](g *glow, row uint32) {
	in, r, t := kadr.Row[Word](g.in, row), int(g.radius), g.threshold
	middle := line[r : r+len(in)+r+1]
	for x, value := range in {
		middle[x] = uint16(max(int32(value)-int32(t), 0))
	}
	for k := range r {
		line[k] = middle[0]
	}
	for k := range r + 1 {
		middle[len(in)+k] = middle[len(in)-1]
	}
	averages(g, line[:len(in)+2*r+1], g.slot(row))
}

// The averages along the line; its sums move from pixel to pixel.
func averages(g *glow, in, out []uint16) {
	size, part, sum := 2*int(g.radius)+1, g.part, uint32(0)
	for _, value := range in[:size] {
		sum += uint32(value)
	}
	gone, come := in[:len(out)], in[size:][:len(out)]
	for x := range out {
		out[x] = uint16(sum * part >> 16)
		sum += uint32(come[x]) - uint32(gone[x])
	}
}

// Unrolled by four: Go's compiler does not, and the deadline is checked at every turn.
func add(to []uint32, row []uint16) {
	row = row[:len(to)]
	x := 0
	for ; x+4 <= len(to); x += 4 {
		t, r := to[x:x+4:x+4], row[x:x+4:x+4]
		t[0] += uint32(r[0])
		t[1] += uint32(r[1])
		t[2] += uint32(r[2])
		t[3] += uint32(r[3])
	}
	for ; x < len(to); x++ {
		to[x] += uint32(row[x])
	}
}

func move(to []uint32, come, gone []uint16) {
	come, gone = come[:len(to)], gone[:len(to)]
	x := 0
	for ; x+4 <= len(to); x += 4 {
		t, c, g := to[x:x+4:x+4], come[x:x+4:x+4], gone[x:x+4:x+4]
		t[0] += uint32(c[0]) - uint32(g[0])
		t[1] += uint32(c[1]) - uint32(g[1])
		t[2] += uint32(c[2]) - uint32(g[2])
		t[3] += uint32(c[3]) - uint32(g[3])
	}
	for ; x < len(to); x++ {
		to[x] += uint32(come[x]) - uint32(gone[x])
	}
}

func shine[Word uint8 | uint16](g *glow, in []Word, columns []uint32, out []Word) {
	part, strength, top := g.part, g.strength, g.top
	in, out = in[:len(columns)], out[:len(columns)]
	for x, sum := range columns {
		out[x] = Word(min(uint32(in[x])+(sum*part>>16*strength>>8), top))
	}
}
