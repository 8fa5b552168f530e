//! @TITLE@: the sound made louder or quieter. Sound comes in blocks of 1024 samples, planar, full scale at 1.
#![no_std]

use kadr::{Job, Status};

kadr::guest!(work);

fn work(job: &mut Job) -> Status {
    let input = match job.sound(0) {
        Some(sound) => sound,
        None => return job.fail(Status::Failed, "sound is expected"),
    };
    let (out, gain) = (job.sound_output(), job.number(0) as f32);
    for c in 0..out.channels {
        for (sample, before) in out.channel_mut(c).iter_mut().zip(input.channel(c)) {
            *sample = *before * gain;
        }
    }
    Status::Ok
}
