/// The deadlines of one event loop's calls: a hashed timing wheel, where adding and removing cost the same however
/// many calls are open (Varghese and Lauck, 1987, scheme 6).
///
/// A slot is eight milliseconds, a turn about four seconds; a call whose deadline is further away stays in its slot for
/// as many turns as it takes. A call is found at most one slot late and never early.
struct DeadlineWheel {
  static let slotNanoseconds: UInt64 = 8_000_000
  static let slotCount = 512

  private var slots = [[ServerCall]](repeating: [], count: slotCount)
  private var occupied = [UInt64](repeating: 0, count: slotCount / 64)
  private(set) var count = 0
  /// Slots up to this one, counted from the clock's zero, have been looked at.
  private var lastTick: UInt64 = 0

  private static func tick(of deadline: UInt64) -> UInt64 {
    deadline / slotNanoseconds + (deadline % slotNanoseconds == 0 ? 0 : 1)
  }

  /// Adds a call with a deadline; `now` is the clock's time. Returns when the wheel must next be advanced for it.
  mutating func insert(_ call: ServerCall, now: UInt64) -> UInt64 {
    if count == 0 { lastTick = max(lastTick, now / Self.slotNanoseconds) }
    let tick = max(Self.tick(of: call.deadline), lastTick + 1)
    let slot = Int(tick % UInt64(Self.slotCount))
    call.wheelSlot = slot
    call.wheelIndex = slots[slot].count
    slots[slot].append(call)
    occupied[slot / 64] |= 1 << UInt64(slot % 64)
    count += 1
    let turn = lastTick + UInt64(Self.slotCount)
    return min(tick, turn) * Self.slotNanoseconds
  }

  /// Removes a call; nothing happens when it is not in the wheel.
  mutating func remove(_ call: ServerCall) {
    let slot = call.wheelSlot
    guard slot >= 0 else { return }
    let index = call.wheelIndex
    call.wheelSlot = -1
    let last = slots[slot].count - 1
    if index != last {
      let moved = slots[slot][last]
      moved.wheelIndex = index
      slots[slot][index] = moved
    }
    slots[slot].removeLast()
    if slots[slot].isEmpty { occupied[slot / 64] &= ~(1 << UInt64(slot % 64)) }
    count -= 1
  }

  /// Takes out and returns the calls whose deadline has passed.
  mutating func advance(to now: UInt64) -> [ServerCall] {
    let nowTick = now / Self.slotNanoseconds
    guard nowTick > lastTick else { return [] }
    var expired: [ServerCall] = []
    for step in 1...min(nowTick - lastTick, UInt64(Self.slotCount)) {
      let slot = Int((lastTick + step) % UInt64(Self.slotCount))
      guard occupied[slot / 64] & (1 << UInt64(slot % 64)) != 0 else { continue }
      for call in slots[slot] where call.deadline <= now { expired.append(call) }
    }
    lastTick = nowTick
    for call in expired { remove(call) }
    return expired
  }

  /// When the wheel must next be advanced; nil when it is empty.
  var nextTime: UInt64? {
    guard count > 0 else { return nil }
    for step in 1...UInt64(Self.slotCount) {
      let slot = Int((lastTick + step) % UInt64(Self.slotCount))
      if occupied[slot / 64] & (1 << UInt64(slot % 64)) != 0 { return (lastTick + step) * Self.slotNanoseconds }
    }
    return nil
  }
}
