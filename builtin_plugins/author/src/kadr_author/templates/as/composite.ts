/* @TITLE@: two tracks beside each other. The inputs come in the order of the declaration. */
import { Job, OK, UNSUPPORTED } from "./kadr";
export { kadr_abi, kadr_alloc } from "./kadr";

export function kadr_process(job: Job): i32 {
  const left = job.input(0, 0), right = job.input(1, 0), out = job.output();
  if (left === null || right === null || out.depth > 8) {
    return job.fail(UNSUPPORTED, "two inputs of 8 bit are expected");
  }
  for (let p: u32 = 0; p < out.planeCount; p++) {
    const plane = out.plane(p), end = job.endRow(p);
    const edge = <usize>(job.number(0) * <f64>plane.width + 0.5);
    for (let y = job.firstRow(p); y < end; y++) {
      memory.copy(plane.row(y), left.plane(p).row(y), edge);
      memory.copy(plane.row(y) + edge, right.plane(p).row(y) + edge, plane.width - edge);
    }
  }
  return OK;
}
