/* @TITLE@: one clip is mixed into the next. Replace the arithmetic by your own. */
import { Job, OK, UNSUPPORTED } from "./kadr";
export { kadr_abi, kadr_alloc } from "./kadr";

export function kadr_process(job: Job): i32 {
  const a = job.input(0, 0), b = job.input(1, 0), out = job.output();
  if (a === null || b === null || out.depth > 8) return job.fail(UNSUPPORTED, "two inputs of 8 bit are expected");
  const hold = job.number(0);
  const way = min(max((job.progress - hold) / (1.0 - 2.0 * hold), 0.0), 1.0);
  const part = <u32>(way * 256.0 + 0.5);
  for (let p: u32 = 0; p < out.planeCount; p++) {
    const plane = out.plane(p), end = job.endRow(p);
    for (let y = job.firstRow(p); y < end; y++) {
      const left = a.plane(p).row(y), right = b.plane(p).row(y), to = plane.row(y);
      for (let x: usize = 0; x < plane.width; x++) {
        const mixed = <u32>load<u8>(left + x) * (256 - part) + <u32>load<u8>(right + x) * part + 128;
        store<u8>(to + x, mixed >> 8);
      }
    }
  }
  return OK;
}
