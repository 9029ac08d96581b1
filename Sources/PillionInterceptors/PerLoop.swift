package import PillionTransport

/// What a layer keeps for each event loop: touched on that loop only, so that calls of different loops share nothing.
///
/// `@unchecked Sendable`: a state is reached through a call, on the call's loop.
package struct PerLoop<State: AnyObject>: @unchecked Sendable {
  private let states: [State]

  /// - Parameter loops: how many event loops the server has.
  package init(loops: Int, _ make: (_ index: Int) -> State) { states = (0..<max(1, loops)).map(make) }

  package subscript(_ call: ServerCall) -> State { states[min(call.loopIndex, states.count - 1)] }

  /// All of them, for what runs when no loop does.
  package var all: [State] { states }
}
