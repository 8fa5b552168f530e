/* kadr.ts: write a video effect in AssemblyScript.
 *
 *     import { Job, OK } from "./kadr";
 *     export { kadr_abi, kadr_alloc } from "./kadr";
 *     export function kadr_process(job: Job): i32 { ...; return OK; }
 *
 * Build: python sdk/build.py glow.ts. The blocks are those of ../abi/kadr_abi.h.
 */

export const OK: i32 = 0;
export const FAILED: i32 = 1;
export const UNSUPPORTED: i32 = 2;
export const NO_MEMORY: i32 = 3;

@unmanaged export class Plane {
  data: u32;
  stride: u32;
  width: u32;
  height: u32;

  @inline row(y: u32): usize {
    return <usize>this.data + <usize>this.stride * y;
  }
}

@unmanaged export class Image {
  size: u32;
  input: u32;
  offset: i32;
  format: u32;
  width: u32;
  height: u32;
  depth: u32;
  matrix: u32;
  primaries: u32;
  transfer: u32;
  range: u32;
  chromaLocation: u32;
  alpha: u32;
  aspectNum: u32;
  aspectDen: u32;
  planeCount: u32;

  @inline plane(number: u32): Plane {
    return changetype<Plane>(changetype<usize>(this) + 64 + 16 * number);
  }
}

/** A block of sound: planar, full scale at 1. */
@unmanaged export class Audio {
  size: u32;
  input: u32;
  format: u32;
  channels: u32;
  layout: u64;
  rate: u32;
  count: u32;
  first: i64;
  data: u32;
  reserved: u32;

  /** Where the samples of a channel begin: f32, one behind the other. */
  @inline channel(number: u32): usize {
    return <usize>load<u32>(<usize>this.data + 4 * number);
  }
}

@unmanaged export class Job {
  size: u32;
  flags: u32;
  frame: i64;
  rateNum: u32;
  rateDen: u32;
  time: f64;
  duration: f64;
  progress: f64;
  y0: u32;
  y1: u32;
  tile: u32;
  tiles: u32;
  seed: u64;
  params: u32;
  paramCount: u32;
  inputs: u32;
  inputCount: u32;
  outputAt: u32;
  audio: u32;
  audioCount: u32;
  audioOutput: u32;
  data: u32;
  dataCapacity: u32;
  dataLength: u32;
  message: u32;
  messageCapacity: u32;
  messageLength: u32;
  scaleX: f64;
  scaleY: f64;

  /** The image of an input at a frame offset (0: now), or null. */
  input(number: u32, offset: i32): Image | null {
    let at = <usize>this.inputs;
    for (let i: u32 = 0; i < this.inputCount; i++) {
      const image = changetype<Image>(at);
      if (image.input == number && image.offset == offset) return image;
      at += image.size;
    }
    return null;
  }

  @inline output(): Image {
    return changetype<Image>(<usize>this.outputAt);
  }

  /** The sound of an input, or null. */
  sound(number: u32): Audio | null {
    let at = <usize>this.audio;
    for (let i: u32 = 0; i < this.audioCount; i++) {
      const audio = changetype<Audio>(at);
      if (audio.input == number) return audio;
      at += audio.size;
    }
    return null;
  }

  @inline soundOutput(): Audio {
    return changetype<Audio>(<usize>this.audioOutput);
  }

  /** An analyzer's words, behind what was said before. Too much is cut off. */
  say(text: string): void {
    const words = String.UTF8.encode(text);
    const length = min(<u32>words.byteLength, this.dataCapacity - this.dataLength);
    memory.copy(<usize>this.data + this.dataLength, changetype<usize>(words), length);
    this.dataLength += length;
  }
  sayNumber(number: u64): void {
    this.say(number.toString());
  }

  /** A parameter of the type float or angle; int or bool; the index of a choice. */
  @inline number(at: u32): f64 {
    return load<f64>(<usize>this.params + 16 * at);
  }
  @inline whole(at: u32): i64 {
    return load<i64>(<usize>this.params + 16 * at);
  }
  @inline choice(at: u32): u32 {
    return load<u32>(<usize>this.params + 16 * at);
  }

  /** Rows of a plane of the output that are to be made: rounded outwards. */
  firstRow(plane: u32): u32 {
    const image = this.output();
    return <u32>((<u64>this.y0 * image.plane(plane).height) / image.height);
  }
  endRow(plane: u32): u32 {
    const image = this.output();
    return <u32>((<u64>this.y1 * image.plane(plane).height + image.height - 1) / image.height);
  }

  /** Say why, and return what kadr_process is to return. */
  fail(status: i32, why: string): i32 {
    const words = String.UTF8.encode(why);
    const length = min(<u32>words.byteLength, this.messageCapacity);
    memory.copy(<usize>this.message, changetype<usize>(words), length);
    this.messageLength = length;
    return status;
  }
}

export function kadr_abi(): i32 {
  return 1;
}

/** Memory, aligned to 64 bytes, that is never taken back: the host drops the whole instance. */
export function kadr_alloc(size: u32): usize {
  return (heap.alloc(<usize>size + 64) + 63) & ~(<usize>63);
}
