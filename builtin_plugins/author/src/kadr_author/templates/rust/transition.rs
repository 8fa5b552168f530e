//! @TITLE@: one clip is mixed into the next. Replace the arithmetic by your own.
#![no_std]

use kadr::{Job, Status};

kadr::guest!(work);

fn work(job: &mut Job) -> Status {
    let out = job.output();
    let (a, b) = match (job.input(0, 0), job.input(1, 0)) {
        (Some(a), Some(b)) if out.depth <= 8 => (a, b),
        _ => return job.fail(Status::Unsupported, "two inputs of 8 bit are expected"),
    };
    let hold = job.number(0);
    let way = ((job.progress - hold) / (1.0 - 2.0 * hold)).clamp(0.0, 1.0);
    let part = (way * 256.0 + 0.5) as u32;
    for (number, to) in out.planes().iter().enumerate() {
        let (first, end) = job.rows(number);
        for y in first..end {
            let (left, right) = (a.planes()[number].row::<u8>(y), b.planes()[number].row::<u8>(y));
            for ((value, l), r) in to.row_mut::<u8>(y).iter_mut().zip(left).zip(right) {
                *value = ((*l as u32 * (256 - part) + *r as u32 * part + 128) >> 8) as u8;
            }
        }
    }
    Status::Ok
}
