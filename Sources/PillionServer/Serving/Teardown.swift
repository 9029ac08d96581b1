/// What has to be let go of again, the last that was taken first.
///
/// Not to be used by several threads at once.
struct Teardown {
  private var steps: [() -> Void] = []

  mutating func add(_ step: @escaping () -> Void) { steps.append(step) }

  /// Lets go of everything; a second time there is nothing left.
  mutating func run() {
    while let step = steps.popLast() { step() }
  }
}
