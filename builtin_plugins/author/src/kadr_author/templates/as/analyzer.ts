/* @TITLE@: how many pixels are brighter than a level. What is said is one JSON object a frame. */
import { Job, OK, UNSUPPORTED } from "./kadr";
export { kadr_abi, kadr_alloc } from "./kadr";

export function kadr_process(job: Job): i32 {
  const input = job.input(0, 0);
  if (input === null || input.depth > 8) return job.fail(UNSUPPORTED, "8 bit are expected");
  const luma = input.plane(0), level = job.whole(0);
  let count: u64 = 0;
  for (let y: u32 = 0; y < luma.height; y++) {
    const row = luma.row(y);
    for (let x: usize = 0; x < luma.width; x++) {
      if (<i64>load<u8>(row + x) > level) count++;
    }
  }
  job.say('{"brighter":');
  job.sayNumber(count);
  job.say(',"pixels":');
  job.sayNumber(<u64>luma.width * luma.height);
  job.say("}");
  return OK;
}
