import Synchronization

/// The steps of a call at which hooks may have a say.
@usableFromInline
struct HookSteps: OptionSet, Sendable {
  @usableFromInline let rawValue: UInt16

  @usableFromInline
  init(rawValue: UInt16) { self.rawValue = rawValue }

  static let queryset = HookSteps(rawValue: 1 << 0)
  @usableFromInline static let receive = HookSteps(rawValue: 1 << 1)
  @usableFromInline static let validate = HookSteps(rawValue: 1 << 2)
  @usableFromInline static let validateChanges = HookSteps(rawValue: 1 << 3)
  static let getObject = HookSteps(rawValue: 1 << 4)
  static let performCreate = HookSteps(rawValue: 1 << 5)
  static let performUpdate = HookSteps(rawValue: 1 << 6)
  static let performPartialUpdate = HookSteps(rawValue: 1 << 7)
  static let performDestroy = HookSteps(rawValue: 1 << 8)
  static let present = HookSteps(rawValue: 1 << 9)
  @usableFromInline static let committed = HookSteps(rawValue: 1 << 10)
  static let filterQueryset = HookSteps(rawValue: 1 << 11)
}

/// The steps at which a type has no hook of its own, so that later calls can leave them out.
///
/// Swift does not say whether a type has a protocol's method itself or by default. But a default that runs knows: which
/// implementation is a type's is settled when it is compiled, so that what has been the default once always is.
final class DefaultSteps: Sendable {
  private let hooks: Any.Type
  private let steps = Atomic<UInt16>(0)

  /// - Parameter hooks: the type whose steps these are.
  init(of hooks: Any.Type) { self.hooks = hooks }

  /// A default has run. Hooks that hand on to hooks of another type run that one's defaults, which says nothing of their own.
  func note(_ step: HookSteps, of type: Any.Type) {
    guard type == hooks, !contain(step) else { return }
    steps.bitwiseOr(step.rawValue, ordering: .relaxed)
  }

  /// Whether all of these are known to be defaults.
  func contain(_ wanted: HookSteps) -> Bool {
    HookSteps(rawValue: steps.load(ordering: .relaxed)).isSuperset(of: wanted)
  }
}
