/* Glow: what is brighter than a threshold shines over its neighbours. See ../c/glow.c for how.
 * The compiler makes no vectors by itself, so the loops over columns are written with them. */
import { Image, Job, OK, Plane, UNSUPPORTED, kadr_alloc } from "./kadr";
export { kadr_abi, kadr_alloc } from "./kadr";

const MOST: u32 = 64;
const ROWS: u32 = 2 * MOST + 2;

let ring: usize = 0; // averaged rows of u16
let sums: usize = 0; // u32, one a column
let line: usize = 0; // u16, the bright part of one row, its edges repeated by the radius
let room: u32 = 0;

let radius: u32, threshold: u32, strength: u32, part: u32, top: u32, wide: u32, tall: u32;

@inline function at<Word>(row: usize, x: u32): u32 {
  return sizeof<Word>() == 1 ? <u32>load<u8>(row + x) : <u32>load<u16>(row + 2 * <usize>x);
}
@inline function inside(row: i64): u32 {
  return <u32>min(max(row, 0), <i64>tall - 1);
}
@inline function slot(row: u32): usize {
  return ring + <usize>((row % ROWS) * wide) * 2;
}

function average<Word>(plane: Plane, row: u32): void {
  const from = plane.row(row), middle = line + 2 * <usize>radius, least = i16x8.splat(<i16>threshold);
  let x: u32 = 0;
  for (; x + 8 <= wide; x += 8) {
    const words =
      sizeof<Word>() == 1
        ? i16x8.extend_low_i8x16_u(v128.load64_zero(from + x))
        : v128.load(from + 2 * <usize>x);
    v128.store(middle + 2 * <usize>x, i16x8.sub_sat_u(words, least));
  }
  for (; x < wide; x++) {
    const value = at<Word>(from, x);
    store<u16>(middle + 2 * <usize>x, value > threshold ? value - threshold : 0);
  }
  const last = middle + 2 * <usize>(wide - 1);
  for (let k: u32 = 0; k < radius; k++) store<u16>(line + 2 * <usize>k, load<u16>(middle));
  for (let k: u32 = 1; k <= radius + 1; k++) store<u16>(last + 2 * <usize>k, load<u16>(last));
  averages(slot(row));
}

/** The averages along the line; its sums move from pixel to pixel. */
function averages(to: usize): void {
  const size: usize = <usize>(2 * radius + 1) * 2, own = part;
  let sum: u32 = 0;
  for (let at: usize = 0; at < size; at += 2) sum += load<u16>(line + at);
  const end: usize = <usize>wide * 2, from = line;
  for (let at: usize = 0; at < end; at += 2) {
    store<u16>(to + at, (sum * own) >> 16);
    sum += <u32>load<u16>(from + at + size) - <u32>load<u16>(from + at);
  }
}

function add(row: usize): void {
  let x: u32 = 0;
  for (; x + 8 <= wide; x += 8) {
    const to = sums + 4 * <usize>x, words = v128.load(row + 2 * <usize>x);
    v128.store(to, i32x4.add(v128.load(to), i32x4.extend_low_i16x8_u(words)));
    v128.store(to + 16, i32x4.add(v128.load(to + 16), i32x4.extend_high_i16x8_u(words)));
  }
  for (; x < wide; x++) {
    const to = sums + 4 * <usize>x;
    store<u32>(to, load<u32>(to) + load<u16>(row + 2 * <usize>x));
  }
}

function move(come: usize, gone: usize): void {
  let x: u32 = 0;
  for (; x + 8 <= wide; x += 8) {
    const to = sums + 4 * <usize>x, a = v128.load(come + 2 * <usize>x), b = v128.load(gone + 2 * <usize>x);
    const low = i32x4.sub(i32x4.extend_low_i16x8_u(a), i32x4.extend_low_i16x8_u(b));
    const high = i32x4.sub(i32x4.extend_high_i16x8_u(a), i32x4.extend_high_i16x8_u(b));
    v128.store(to, i32x4.add(v128.load(to), low));
    v128.store(to + 16, i32x4.add(v128.load(to + 16), high));
  }
  for (; x < wide; x++) {
    const to = sums + 4 * <usize>x;
    store<u32>(to, load<u32>(to) + load<u16>(come + 2 * <usize>x) - load<u16>(gone + 2 * <usize>x));
  }
}

/** The light of four columns. */
@inline function light(x: u32): v128 {
  const mean = i32x4.shr_u(i32x4.mul(v128.load(sums + 4 * <usize>x), i32x4.splat(part)), 16);
  return i32x4.shr_u(i32x4.mul(mean, i32x4.splat(strength)), 8);
}

function shine<Word>(from: usize, to: usize): void {
  const most = i32x4.splat(top);
  let x: u32 = 0;
  for (; x + 8 <= wide; x += 8) {
    const words =
      sizeof<Word>() == 1
        ? i16x8.extend_low_i8x16_u(v128.load64_zero(from + x))
        : v128.load(from + 2 * <usize>x);
    const low = i32x4.min_u(i32x4.add(i32x4.extend_low_i16x8_u(words), light(x)), most);
    const high = i32x4.min_u(i32x4.add(i32x4.extend_high_i16x8_u(words), light(x + 4)), most);
    const both = i16x8.narrow_i32x4_u(low, high);
    if (sizeof<Word>() == 1) v128.store64_lane(to + x, i8x16.narrow_i16x8_u(both, both), 0);
    else v128.store(to + 2 * <usize>x, both);
  }
  for (; x < wide; x++) {
    const mean = (load<u32>(sums + 4 * <usize>x) * part) >> 16;
    const lit = min(at<Word>(from, x) + ((mean * strength) >> 8), top);
    if (sizeof<Word>() == 1) store<u8>(to + x, lit);
    else store<u16>(to + 2 * <usize>x, lit);
  }
}

function make<Word>(job: Job, source: Image): void {
  const out = job.output(), plane = source.plane(0), first = job.firstRow(0), r = <i64>radius;
  const end = job.endRow(0), last = inside(<i64>first + r);
  for (let row = inside(<i64>first - r); row <= last; row++) average<Word>(plane, row);
  memory.fill(sums, 0, 4 * <usize>wide);
  for (let k = -r; k <= r; k++) add(slot(inside(<i64>first + k)));
  for (let y = <i64>first; y < <i64>end; y++) {
    shine<Word>(plane.row(<u32>y), out.plane(0).row(<u32>y));
    if (y + r + 1 < <i64>tall) average<Word>(plane, <u32>(y + r + 1));
    move(slot(inside(y + r + 1)), slot(inside(y - r)));
  }
  for (let p: u32 = 1; p < out.planeCount; p++) {
    const own = out.plane(p), stop = job.endRow(p);
    for (let y = job.firstRow(p); y < stop; y++)
      memory.copy(own.row(y), source.plane(p).row(y), <usize>own.width * sizeof<Word>());
  }
}

export function kadr_process(job: Job): i32 {
  const source = job.input(0, 0), out = job.output();
  if (source === null || out.depth > 16) return job.fail(UNSUPPORTED, "whole numbers up to 16 bit are expected");
  wide = out.width;
  tall = out.height;
  if (wide > room) {
    ring = kadr_alloc(ROWS * wide * 2);
    sums = kadr_alloc(wide * 4);
    line = kadr_alloc((wide + 2 * MOST + 1) * 2);
    room = wide;
  }
  top = (1 << out.depth) - 1;
  radius = min(<u32>(job.number(0) + 0.5), MOST);
  threshold = <u32>(job.number(1) * <f64>top + 0.5);
  strength = <u32>(job.number(2) * 256.0 + 0.5);
  part = 65536 / (2 * radius + 1);
  if (out.depth <= 8) make<u8>(job, source);
  else make<u16>(job, source);
  return OK;
}
