/// What `make fuzz-coverage` tries on inputs that it grows by the branches they reach, and the tests on those that once
/// found something.
///
/// A target returns when the input did no harm, and traps when it did: that is how libFuzzer learns of it.
package enum FuzzTarget: String, CaseIterable, Sendable {
  /// A client's bytes behind the preface, against the connection handler.
  case connection
  /// The bytes of one request's DATA frames, against the gRPC framer.
  case framer

  package func run(_ input: UnsafeRawBufferPointer) {
    switch self {
    case .connection: ConnectionFuzz.run(input)
    case .framer: FramerFuzz.run(input)
    }
  }
}
