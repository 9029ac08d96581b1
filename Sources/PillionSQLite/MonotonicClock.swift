import Glibc

/// CLOCK_MONOTONIC in nanoseconds, as `Job.deadline` has it.
enum MonotonicClock {
  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
  }

  static func sleep(nanoseconds: UInt64) {
    var time = timespec(
      tv_sec: Int(truncatingIfNeeded: nanoseconds / 1_000_000_000),
      tv_nsec: Int(truncatingIfNeeded: nanoseconds % 1_000_000_000))
    nanosleep(&time, nil)
  }
}

extension UInt64 {
  /// `self + other`, or the largest number where that overflows.
  func addingSaturating(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
