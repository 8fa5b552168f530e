/* @TITLE@: the sound made louder or quieter. Sound comes in blocks of 1024 samples, planar, full scale at 1. */
import { FAILED, Job, OK } from "./kadr";
export { kadr_abi, kadr_alloc } from "./kadr";

export function kadr_process(job: Job): i32 {
  const input = job.sound(0), out = job.soundOutput();
  if (input === null) return job.fail(FAILED, "sound is expected");
  const gain = <f32>job.number(0);
  for (let c: u32 = 0; c < out.channels; c++) {
    const from = input.channel(c), to = out.channel(c);
    for (let n: usize = 0; n < out.count; n++) store<f32>(to + 4 * n, load<f32>(from + 4 * n) * gain);
  }
  return OK;
}
