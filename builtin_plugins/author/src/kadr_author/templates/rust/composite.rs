//! @TITLE@: two tracks beside each other. The inputs come in the order of the declaration.
#![no_std]

use kadr::{Job, Status};

kadr::guest!(work);

fn work(job: &mut Job) -> Status {
    let out = job.output();
    let (left, right) = match (job.input(0, 0), job.input(1, 0)) {
        (Some(left), Some(right)) if out.depth <= 8 => (left, right),
        _ => return job.fail(Status::Unsupported, "two inputs of 8 bit are expected"),
    };
    for (number, plane) in out.planes().iter().enumerate() {
        let edge = (job.number(0) * plane.width as f64 + 0.5) as usize;
        let (first, end) = job.rows(number);
        for y in first..end {
            let to = plane.row_mut::<u8>(y);
            to[..edge].copy_from_slice(&left.planes()[number].row::<u8>(y)[..edge]);
            to[edge..].copy_from_slice(&right.planes()[number].row::<u8>(y)[edge..]);
        }
    }
    Status::Ok
}
