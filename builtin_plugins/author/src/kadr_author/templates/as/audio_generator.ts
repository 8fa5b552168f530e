/* @TITLE@: a tone with corners. Samples are counted from the start of the clip. */
import { Job, OK } from "./kadr";
export { kadr_abi, kadr_alloc } from "./kadr";

export function kadr_process(job: Job): i32 {
  const out = job.soundOutput(), period = job.whole(0), level = <f32>job.number(1);
  for (let c: u32 = 0; c < out.channels; c++) {
    const to = out.channel(c);
    for (let n: u32 = 0; n < out.count; n++) {
      const place = (out.first + <i64>n) % period;
      store<f32>(to + 4 * <usize>n, 2 * place < period ? level : -level);
    }
  }
  return OK;
}
