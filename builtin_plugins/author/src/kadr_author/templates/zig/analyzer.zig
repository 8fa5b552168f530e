//! @TITLE@: how many pixels are brighter than a level. What is said is one JSON object a frame.

const kadr = @import("kadr");

comptime {
    kadr.guest(work);
}

fn work(job: *kadr.Job) kadr.Status {
    const in = job.input(0, 0) orelse return job.fail(.failed, "a picture is expected");
    if (in.depth > 8) return job.fail(.unsupported, "8 bit are expected");
    const luma = in.planes[0];
    const level = job.param(0).whole;
    var count: u64 = 0;
    for (0..luma.height) |y| {
        const row = luma.row(u8, @intCast(y));
        for (0..luma.width) |x| {
            if (row[x] > level) count += 1;
        }
    }
    job.say("{\"brighter\":");
    job.sayNumber(count);
    job.say(",\"pixels\":");
    job.sayNumber(@as(u64, luma.width) * luma.height);
    job.say("}");
    return .ok;
}
