/// Tests edit this number and look for the new one in the wheel.
pub const ANSWER: u32 = 42;
