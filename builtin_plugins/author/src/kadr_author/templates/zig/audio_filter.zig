//! @TITLE@: the sound made louder or quieter. Sound comes in blocks of 1024 samples, planar, full scale at 1.

const kadr = @import("kadr");

comptime {
    kadr.guest(work);
}

fn work(job: *kadr.Job) kadr.Status {
    const in = job.sound(0) orelse return job.fail(.failed, "sound is expected");
    const out = job.soundOutput();
    const gain: f32 = @floatCast(job.param(0).number);
    for (0..out.channels) |c| {
        const from = in.channel(@intCast(c));
        for (out.channel(@intCast(c)), from) |*sample, before| sample.* = before * gain;
    }
    return .ok;
}
