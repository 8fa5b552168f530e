// Package kadr: write a video effect in Go.
//
//	//go:wasmexport kadr_process
//	func process(at uint32) int32 { job := kadr.At(at); ...; return kadr.OK }
//	func main() {}
//
// Build: python sdk/build.py glow.go. The blocks are those of ../abi/kadr_abi.h. Go's runtime asks
// for WASI; the build puts functions that do nothing in its place, so that a guest imports nothing.
package kadr

import "unsafe"

// What kadr_process returns.
const (
	OK          int32 = 0
	Failed      int32 = 1
	Unsupported int32 = 2
	NoMemory    int32 = 3
)

// Plane is a plane of an image.
type Plane struct{ Data, Stride, Width, Height uint32 }

// Image is an input or the output.
type Image struct {
	Size, Input                                uint32
	Offset                                     int32
	Format, Width, Height, Depth               uint32
	Matrix, Primaries, Transfer, Range         uint32
	ChromaLocation, Alpha, AspectNum, AspectDen uint32
	PlaneCount                                 uint32
	Planes                                     [4]Plane
}

// Audio is a block of sound: planar, full scale at 1.
type Audio struct {
	Size, Input, Format, Channels uint32
	Layout                        uint64
	Rate, Count                   uint32
	First                         int64
	data, reserved                uint32
}

// Job says what is to be made.
type Job struct {
	Size, Flags                                      uint32
	Frame                                            int64
	RateNum, RateDen                                 uint32
	Time, Duration, Progress                         float64
	Y0, Y1, Tile, Tiles                              uint32
	Seed                                             uint64
	params, ParamCount, inputs, InputCount, output   uint32
	audio, AudioCount, audioOutput                   uint32
	data, dataCapacity, dataLength                   uint32
	message, messageCapacity, messageLength          uint32
	ScaleX, ScaleY                                   float64
}

// At is the job at the offset that kadr_process gets.
func At(at uint32) *Job { return (*Job)(pointer(at)) }

func pointer(at uint32) unsafe.Pointer { return unsafe.Pointer(uintptr(at)) }

// Input is the image of an input at a frame offset (0: now), or nil.
func (job *Job) Input(number uint32, offset int32) *Image {
	at := job.inputs
	for i := uint32(0); i < job.InputCount; i++ {
		image := (*Image)(pointer(at))
		if image.Input == number && image.Offset == offset {
			return image
		}
		at += image.Size
	}
	return nil
}

// Output is the image to make.
func (job *Job) Output() *Image { return (*Image)(pointer(job.output)) }

// Sound is the sound of an input, or nil.
func (job *Job) Sound(number uint32) *Audio {
	at := job.audio
	for i := uint32(0); i < job.AudioCount; i++ {
		audio := (*Audio)(pointer(at))
		if audio.Input == number {
			return audio
		}
		at += audio.Size
	}
	return nil
}

// SoundOutput is the sound to make.
func (job *Job) SoundOutput() *Audio { return (*Audio)(pointer(job.audioOutput)) }

// Channel are the samples of a channel.
func (audio *Audio) Channel(number uint32) []float32 {
	return unsafe.Slice((*float32)(pointer(*(*uint32)(pointer(audio.data + 4*number)))), audio.Count)
}

// Say adds to an analyzer's words. Too much is cut off.
func (job *Job) Say(text string) {
	room := unsafe.Slice((*byte)(pointer(job.data)), job.dataCapacity)
	job.dataLength += uint32(copy(room[job.dataLength:], text))
}

// SayNumber adds a whole number.
func (job *Job) SayNumber(number uint64) {
	if number >= 10 {
		job.SayNumber(number / 10)
	}
	job.Say("0123456789"[number%10 : number%10+1])
}

// Number is a parameter of the type float or angle.
func (job *Job) Number(number uint32) float64 { return *(*float64)(pointer(job.params + 16*number)) }

// Whole is a parameter of the type int or bool.
func (job *Job) Whole(number uint32) int64 { return *(*int64)(pointer(job.params + 16*number)) }

// Choice is the index of a choice.
func (job *Job) Choice(number uint32) uint32 { return *(*uint32)(pointer(job.params + 16*number)) }

// Rows are the first row of a plane of the output that is to be made, and the one after the last.
func (job *Job) Rows(plane uint32) (uint32, uint32) {
	image := job.Output()
	tall, whole := uint64(image.Planes[plane].Height), uint64(image.Height)
	return uint32(uint64(job.Y0) * tall / whole), uint32((uint64(job.Y1)*tall + whole - 1) / whole)
}

// Fail says why, and is what kadr_process is to return.
func (job *Job) Fail(status int32, why string) int32 {
	job.messageLength = uint32(copy(unsafe.Slice((*byte)(pointer(job.message)), job.messageCapacity), why))
	return status
}

// Row is a row of a plane as bytes or as 16-bit words.
func Row[Word uint8 | uint16](plane *Plane, y uint32) []Word {
	return unsafe.Slice((*Word)(pointer(plane.Data+plane.Stride*y)), plane.Width)
}

// What the host was given, so that it is not collected.
var kept [][]byte

//go:wasmexport kadr_abi
func abi() int32 { return 1 }

//go:wasmexport kadr_alloc
func alloc(size uint32) uint32 {
	block := make([]byte, uint64(size)+64)
	kept = append(kept, block)
	return (uint32(uintptr(unsafe.Pointer(&block[0]))) + 63) &^ 63
}
