/* @TITLE@: the picture is darkened. Replace the arithmetic by your own. */
import { Job, OK, UNSUPPORTED } from "./kadr";
export { kadr_abi, kadr_alloc } from "./kadr";

export function kadr_process(job: Job): i32 {
  const source = job.input(0, 0), out = job.output();
  if (source === null || out.depth > 8) return job.fail(UNSUPPORTED, "8 bit are expected");
  const asked = <u32>((1.0 - job.number(0)) * 128.0 + 0.5);
  for (let p: u32 = 0; p < out.planeCount; p++) {
    const plane = out.plane(p), end = job.endRow(p), keep: u32 = p == 0 ? asked : 128;
    for (let y = job.firstRow(p); y < end; y++) {
      const from = source.plane(p).row(y), to = plane.row(y);
      for (let x: usize = 0; x < plane.width; x++) store<u8>(to + x, (<u32>load<u8>(from + x) * keep) >> 7);
    }
  }
  return OK;
}
