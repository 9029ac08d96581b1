import Foundation
import PillionInterceptors
import Testing

/// Whether the time of a comparison tells where two secrets differ (G47); `make timing`, on a machine with nothing else
/// to do.
@Suite struct TimingTests {
  private static let samples = ProcessInfo.processInfo.environment["PILLION_TIMING_SAMPLES"].flatMap { Int($0) } ?? 0

  /// Mean and variance as samples come (Welford).
  private struct Moments {
    var count = 0.0
    var mean = 0.0
    var squares = 0.0
    var variance: Double { squares / (count - 1) }

    mutating func add(_ value: Double) {
      count += 1
      let delta = value - mean
      mean += delta / count
      squares += delta * (value - mean)
    }
  }

  /// Two classes: secrets that differ in the first byte, and in the last; Welch's t between their times is small.
  @Test(.enabled(if: samples > 0)) func whereSecretsDifferCannotBeMeasured() {
    let secret = (0..<512).map { _ in UInt8.random(in: 0...255) }
    var early = secret
    early[0] ^= 1
    var late = secret
    late[511] ^= 1
    var moments = [Moments(), Moments()]
    let clock = ContinuousClock()
    for _ in 0..<Self.samples {
      let which = Int.random(in: 0...1)
      let guess = which == 0 ? early : late
      var equal = 0
      let time = clock.measure {
        for _ in 0..<8 {
          let isEqual = secret.withUnsafeBytes { secret in guess.withUnsafeBytes { ConstantTime.isEqual(secret, $0) } }
          if isEqual { equal += 1 }
        }
      }
      if equal > 0 { Issue.record("different secrets are equal") }
      let nanoseconds = Double(time.components.attoseconds) / 1e9
      // What the system interrupted says nothing of the comparison.
      if nanoseconds < 1_000_000 { moments[which].add(nanoseconds) }
    }
    let difference = moments[0].mean - moments[1].mean
    let t = difference / (moments[0].variance / moments[0].count + moments[1].variance / moments[1].count).squareRoot()
    print("Welch's t is \(t) after \(Self.samples) samples")
    #expect(abs(t) < 4.5)
  }
}
