/// The shapes of the messages in `Generated`.
extension WireShape {
  static let every: WireShape = WireShape {
    let scalars: [WireKind] =
      [WireKind](repeating: .varint, count: 6) + [.fixed32, .fixed64, .fixed32, .fixed64, .fixed32, .fixed64]
      + [.choice([0, 1]), .text, .bytes]
    var fields: [(number: Int, kind: WireKind)] = []
    for (offset, kind) in scalars.enumerated() {
      fields += [(1 + offset, kind), (21 + offset, kind), (41 + offset, kind)]
      if offset < 13 { fields += [(41 + offset, .packed(kind)), (61 + offset, kind), (61 + offset, .packed(kind))] }
    }
    let color = WireKind.choice([0, 1, 300, 17])
    fields += [81, 82, 83, 84, 104].map { ($0, color) }
    fields += [(83, .packed(color)), (84, .packed(color))]
    fields += [(91, .message(every)), (92, .message(every)), (102, .message(small)), (93, .message(small))]
    fields += [(94, .message(small)), (101, .text), (103, .varint), (105, .message(time)), (536_870_911, .varint)]
    fields += [(111, .message(pair(.text, .text))), (112, .message(pair(.varint, .message(small))))]
    fields += [(113, .message(pair(.varint, color))), (114, .message(pair(.choice([0, 1]), .fixed64)))]
    fields += [(115, .message(pair(.fixed32, .message(every))))]
    fields += [121, 122, 138].map { ($0, .message(time)) }
    let wrapped: [WireKind] = [.fixed64, .fixed32, .varint, .varint, .varint, .varint, .choice([0, 1]), .text, .bytes]
    for (offset, kind) in wrapped.enumerated() { fields.append((123 + offset, .message(WireShape { [(1, kind)] }))) }
    fields += [(132, .message(WireShape { [(1, .text)] })), (137, .message(WireShape { [] }))]
    fields += [(133, .message(object)), (134, .message(value)), (135, .message(WireShape { [(1, .message(value))] }))]
    fields += [(136, .message(WireShape { [(1, .text), (2, .bytes)] }))]
    return fields
  }

  static let small: WireShape = WireShape { [(1, .varint), (2, .text)] }
  static let time: WireShape = WireShape { [(1, .varint), (2, .varint)] }
  static let object: WireShape = WireShape { [(1, .message(pair(.text, .message(value))))] }
  static let value: WireShape = WireShape {
    [
      (1, .choice([0])), (2, .fixed64), (3, .text), (4, .choice([0, 1])), (5, .message(object)),
      (6, .message(WireShape { [(1, .message(value))] })),
    ]
  }

  static let old: WireShape = WireShape {
    let part = WireShape { [(6, .text), (7, .message(old))] }
    let kind = WireKind.choice([1, 2])
    let note = WireShape { [(1, .text)] }
    return [
      (1, .varint), (1, .varint), (1, .varint), (2, kind), (3, kind), (4, .packed(kind)), (5, .group(part)),
      (8, .message(old)), (9, .message(pair(.text, .choice([0, 1])))), (10, .text), (100, .message(note)),
      (101, .packed(.varint)),
    ]
  }

  /// An entry of a map.
  static func pair(_ key: WireKind, _ value: WireKind) -> WireShape { WireShape { [(1, key), (2, value)] } }
}
