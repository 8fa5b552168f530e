//! @TITLE@: a tone with corners. Samples are counted from the start of the clip.
#![no_std]

use kadr::{Job, Status};

kadr::guest!(work);

fn work(job: &mut Job) -> Status {
    let (out, period, level) = (job.sound_output(), job.whole(0), job.number(1) as f32);
    for c in 0..out.channels {
        for (n, sample) in out.channel_mut(c).iter_mut().enumerate() {
            let place = (out.first + n as i64) % period;
            *sample = if 2 * place < period { level } else { -level };
        }
    }
    Status::Ok
}
