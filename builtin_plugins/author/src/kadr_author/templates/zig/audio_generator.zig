//! @TITLE@: a tone with corners. Samples are counted from the start of the clip.

const kadr = @import("kadr");

comptime {
    kadr.guest(work);
}

fn work(job: *kadr.Job) kadr.Status {
    const out = job.soundOutput();
    const period = job.param(0).whole;
    const level: f32 = @floatCast(job.param(1).number);
    for (0..out.channels) |c| {
        for (out.channel(@intCast(c)), 0..) |*sample, n| {
            const place = @rem(out.first + @as(i64, @intCast(n)), period);
            sample.* = if (2 * place < period) level else -level;
        }
    }
    return .ok;
}
