//! @TITLE@: stripes that move. Everything follows from the frame's number, so any frame can be made alone.
#![no_std]

use kadr::{Job, Status};

kadr::guest!(work);

fn work(job: &mut Job) -> Status {
    let out = job.output();
    if out.depth > 8 {
        return job.fail(Status::Unsupported, "8 bit are expected");
    }
    let (size, moved) = (job.whole(0).max(1) as u64, (job.frame * job.whole(1)) as u64);
    for (number, to) in out.planes().iter().enumerate() {
        let (first, end) = job.rows(number);
        for y in first..end {
            for (x, value) in to.row_mut::<u8>(y).iter_mut().enumerate() {
                let light = if (x as u64 + moved) / size % 2 == 1 { 235 } else { 16 };
                *value = if number > 0 { 128 } else { light };
            }
        }
    }
    Status::Ok
}
