/* @TITLE@: stripes that move. Everything follows from the frame's number, so any frame can be made alone. */
import { Job, OK, UNSUPPORTED } from "./kadr";
export { kadr_abi, kadr_alloc } from "./kadr";

export function kadr_process(job: Job): i32 {
  const out = job.output();
  if (out.depth > 8) return job.fail(UNSUPPORTED, "8 bit are expected");
  const size = <u64>job.whole(0), moved = <u64>(job.frame * job.whole(1));
  for (let p: u32 = 0; p < out.planeCount; p++) {
    const plane = out.plane(p), end = job.endRow(p);
    for (let y = job.firstRow(p); y < end; y++) {
      const to = plane.row(y);
      for (let x: u32 = 0; x < plane.width; x++) {
        const light: u32 = ((<u64>x + moved) / size) % 2 ? 235 : 16;
        store<u8>(to + x, p > 0 ? 128 : light);
      }
    }
  }
  return OK;
}
