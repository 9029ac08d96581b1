import Glibc

/// The time that tokens speak of.
enum WallClock {
  /// Unix seconds (CLOCK_REALTIME).
  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
