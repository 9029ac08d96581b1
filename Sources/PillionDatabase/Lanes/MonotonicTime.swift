import Glibc

/// Nanoseconds of CLOCK_MONOTONIC, as `Job.deadline` counts them.
package enum MonotonicTime {
  package static let never = UInt64.max

  package static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
  }

  /// `time` and `span` later, or `never` where that does not fit.
  package static func after(_ time: UInt64, _ span: UInt64) -> UInt64 {
    let (sum, overflow) = time.addingReportingOverflow(span)
    return overflow ? never : sum
  }

  /// Puts the calling thread to sleep.
  package static func sleep(nanoseconds: UInt64) {
    var time = timespec(
      tv_sec: Int(truncatingIfNeeded: nanoseconds / 1_000_000_000),
      tv_nsec: Int(truncatingIfNeeded: nanoseconds % 1_000_000_000))
    nanosleep(&time, nil)
  }
}
