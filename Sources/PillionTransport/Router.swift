/// A method and what answers it, as the router hands them to a call.
package final class Route: Sendable {
  package let method: MethodDescriptor
  private let handler: any MethodHandler

  init(method: MethodDescriptor, handler: any MethodHandler) {
    self.method = method
    self.handler = handler
  }

  fileprivate func copy() -> Route { Route(method: method, handler: handler) }

  /// Here and not in the call, as a class uses what it has without taking hold of it.
  func makeHandler(for call: ServerCall) -> any CallHandler { handler.makeHandler(for: call) }
}

/// From the bytes of `:path` to the method: built once, immutable, no `String` made on the way.
///
/// An open-addressing hash table at most half full. Its keys are the server's own, so that no client can make them
/// collide; a path matches byte for byte or not at all.
package final class Router: Sendable {
  private let slots: [Route?]
  /// The paths, one behind the other: an array for each would be one more thing that calls take hold of.
  private let bytes: [UInt8]
  /// Where a slot's path is in `bytes`; nil where the slot is empty.
  private let keys: [Range<Int>?]
  private let mask: Int
  private let fallback: any MethodHandler

  /// - Parameters:
  ///   - methods: of two with the same path, the first is kept.
  ///   - fallback: answers every other path; UNIMPLEMENTED by default.
  package init(
    methods: [(descriptor: MethodDescriptor, handler: any MethodHandler)],
    fallback: any MethodHandler = UnknownMethod()
  ) {
    var capacity = 8
    while capacity < methods.count * 2 { capacity *= 2 }
    var slots = [Route?](repeating: nil, count: capacity)
    var keys = [Range<Int>?](repeating: nil, count: capacity)
    var bytes: [UInt8] = []
    let mask = capacity - 1
    for (descriptor, handler) in methods {
      let path = Array(descriptor.path.utf8)
      var index = path.withUnsafeBufferPointer { Self.hash($0) } & mask
      while let key = keys[index], bytes[key] != path[...] { index = (index + 1) & mask }
      if keys[index] != nil { continue }
      slots[index] = Route(method: descriptor, handler: handler)
      keys[index] = bytes.count..<bytes.count + path.count
      bytes += path
    }
    self.slots = slots
    self.keys = keys
    self.bytes = bytes
    self.mask = mask
    self.fallback = fallback
  }

  private init(copying other: Router) {
    slots = other.slots.map { $0?.copy() }
    keys = other.keys
    bytes = other.bytes
    mask = other.mask
    fallback = other.fallback
  }

  /// The same for one event loop alone: each call takes hold of its route, and cores that count references to the same
  /// one wait for each other.
  func copy() -> Router { Router(copying: self) }

  /// The paths that are known, in no order.
  package var paths: [String] { slots.compactMap { $0?.method.path } }

  func lookup(_ path: UnsafeBufferPointer<UInt8>) -> Route? {
    var index = Self.hash(path) & mask
    while let key = keys[index] {
      let isFound = bytes.withUnsafeBufferPointer { UnsafeBufferPointer(rebasing: $0[key]).isSame(as: path) }
      if isFound { return slots[index] }
      index = (index + 1) & mask
    }
    return nil
  }

  /// A route for a path that `lookup` does not know; both sides may stream, the fallback decides.
  func unknown(path: String) -> Route {
    var method = MethodDescriptor(path: path, isClientStreaming: true, isServerStreaming: true)
    method.isKnown = false
    return Route(method: method, handler: fallback)
  }

  /// A multiplication for every eight bytes; spread enough for a table of the server's own names.
  private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    let raw = UnsafeRawBufferPointer(bytes)
    var hash = UInt64(truncatingIfNeeded: raw.count)
    var offset = 0
    while offset + 8 <= raw.count {
      hash = mix(hash, raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < raw.count {
      rest = rest << 8 | UInt64(raw[offset])
      offset += 1
    }
    return Int(truncatingIfNeeded: mix(hash, rest) >> 1)
  }

  private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
    return product ^ (product >> 32)
  }
}

/// Answers UNIMPLEMENTED, as gRPC's `statuscodes.md` wants for a method the server does not have.
package final class UnknownMethod: MethodHandler {
  package init() {}

  package func makeHandler(for call: ServerCall) -> any CallHandler {
    call.finish(Status(.unimplemented, "unknown method \(call.method.path)"))
    return Refused()
  }

  private final class Refused: CallHandler {
    func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) {}
    func onRequestEnd(_ call: ServerCall) {}
    func onCancel(_ reason: CancelReason, _ call: ServerCall) {}
    func onDrained(_ call: ServerCall) {}
  }
}
