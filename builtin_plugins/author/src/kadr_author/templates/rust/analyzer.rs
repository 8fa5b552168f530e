//! @TITLE@: how many pixels are brighter than a level. What is said is one JSON object a frame.
#![no_std]

use kadr::{Job, Status};

kadr::guest!(work);

fn work(job: &mut Job) -> Status {
    let luma = match job.input(0, 0) {
        Some(image) if image.depth <= 8 => &image.planes()[0],
        _ => return job.fail(Status::Unsupported, "8 bit are expected"),
    };
    let level = job.whole(0);
    let mut count = 0;
    for y in 0..luma.height {
        count += luma.row::<u8>(y).iter().filter(|value| **value as i64 > level).count() as u64;
    }
    job.say("{\"brighter\":");
    job.say_number(count);
    job.say(",\"pixels\":");
    job.say_number(luma.width as u64 * luma.height as u64);
    job.say("}");
    Status::Ok
}
