import PillionDatabase
import PillionSchema
import PillionWire
import Testing

/// What is bound is read back as it was, whatever it is; and whatever a cell holds, reading it ends.
@Suite struct ValuesRoundTripTests {
  private static func slot(_ type: ScalarType, _ random: inout ValuesRandom) -> ValuesSlot {
    let bits = UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0..<64, using: &random)
    switch type {
    case .bool: return .word(bits & 1)
    case .int32: return .integer(Int64(Int32(truncatingIfNeeded: bits)))
    case .int64: return .integer(Int64(bitPattern: bits))
    case .uint32: return .word(bits & 0xFFFF_FFFF)
    case .uint64: return .word(bits >> 1)
    case .float: return .double(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
    case .double: return .double(Double(bitPattern: bits))
    case .timestamp:
      let seconds = Int64.random(in: -62_135_596_800...253_402_300_799, using: &random)
      return .time(seconds, Int32.random(in: 0..<1_000_000, using: &random) * 1_000)
    case .duration:
      let microseconds = Int64.random(in: -315_576_000_000_000_000...315_576_000_000_000_000, using: &random)
      return .time(microseconds / 1_000_000, Int32(microseconds % 1_000_000) * 1_000)
    default: return .bytes((0..<Int(bits & 7)).map { _ in UInt8.random(in: 1...127, using: &random) })
    }
  }

  private static func isNaN(_ slot: ValuesSlot) -> Bool {
    if case .double(let number) = slot { number.isNaN } else { false }
  }

  /// The cell that a database makes of a parameter.
  private static func cell(_ parameter: ValuesParameter?, _ dialect: Dialect) -> ValuesCell {
    switch parameter {
    case .null, nil: .null
    case .integer(let number): .integer(number)
    case .real(let number): .real(number)
    case .text(let text): dialect == .sqlite ? .text(text) : .blob(Array(text.utf8))
    case .binary(let digits): .hex(digits)
    }
  }

  @Test(
    arguments: [
      ScalarType.bool, .int32, .int64, .uint32, .uint64, .float, .double, .string, .bytes, .timestamp, .duration,
    ], Dialect.allCases)
  func scalars(type: ScalarType, dialect: Dialect) throws {
    var random = ValuesRandom()
    let field = valuesField(type)
    for _ in 0..<500 {
      let slot = Self.slot(type, &random)
      let parameter = try valuesBind(slot, field, dialect)
      let written = try valuesEncode(Self.cell(parameter, dialect), field, .plain, dialect)
      // What was written, bound again as the other database's form and read from there, is the same.
      let other: Dialect = dialect == .sqlite ? .postgresql : .sqlite
      let there = try valuesEncode(Self.cell(valuesBind(slot, field, other), other), field, .plain, other)
      if Self.isNaN(slot) {
        #expect(written.count == there.count)
      } else {
        #expect(written == there, "\(slot)")
      }
      switch slot {
      case .time(let seconds, let nanoseconds):
        #expect(try valuesTime(Self.cell(parameter, dialect), type, dialect) == [seconds, Int64(nanoseconds)])
      case .bytes(let bytes): #expect(Array(written.dropFirst(bytes.isEmpty ? 0 : 2)) == bytes)
      default: break
      }
    }
  }

  @Test(
    arguments: [
      ScalarType.bool, .int32, .int64, .uint32, .uint64, .float, .double, .string, .bytes, .timestamp, .duration,
    ])
  func arrays(type: ScalarType) throws {
    var random = ValuesRandom()
    let field = valuesField(type, isArray: true)
    let scalar = valuesField(type)
    for _ in 0..<100 {
      let slots = (0..<Int.random(in: 0...5, using: &random)).map { _ in Self.slot(type, &random) }
      if slots.contains(where: Self.isNaN) { continue }
      let json = try valuesBind(.elements(slots), field, .sqlite)
      let written = try valuesEncode(Self.cell(json, .sqlite), field, .repeated, .sqlite)
      // Elements one by one: without the tag in a packed field, with it elsewhere.
      let each = try slots.map { slot in
        try valuesEncode(Self.cell(valuesBind(slot, scalar, .sqlite), .sqlite), scalar, .optional, .sqlite)
      }
      let isPacked = ![ScalarType.string, .bytes, .timestamp, .duration].contains(type)
      let content = each.flatMap { isPacked ? Array($0.dropFirst()) : $0 }
      let expected = content.isEmpty || !isPacked ? content : [0x0A, UInt8(content.count)] + content
      #expect(written == expected, "\(slots)")
      guard let binary = try valuesBind(.elements(slots), field, .postgresql), case .binary = binary else { continue }
      #expect(try valuesEncode(Self.cell(binary, .postgresql), field, .repeated, .postgresql) == expected)
    }
  }

  /// 10,000 cells of random bytes for each form: an error or a message, never a trap, and nothing left behind an error.
  @Test(arguments: ScalarType.allCases, Dialect.allCases)
  func randomBytes(type: ScalarType, dialect: Dialect) {
    var random = ValuesRandom()
    let alphabets: [[UInt8]] = [
      Array("0123456789-+:.TZ eE,".utf8), Array("PTDHMSW0123456789.-".utf8), Array("[]{}\",:\\u0dc19eEntfrals ".utf8),
      Array(0...255), [0, 0, 0, 0, 1, 2, 4, 8, 20, 255],
    ]
    let seeds: [[UInt8]] = [
      Array("2024-05-06T07:08:09.123456+02:00".utf8), Array("-P1DT2H3M4.5S".utf8),
      Array("[1,\"a\\ud83d\\ude00\",{}]".utf8),
      valuesBytes(ValuesArrayTests.int8Array), valuesBytes("00000001ad2748000000000100000000"),
      valuesBytes("000000141dd75fff"), valuesBytes("0000000000000007"),
      Array("0a1b2c3d-0000-4000-8000-00000000abcd".utf8), Array("-123.450e10".utf8),
    ]
    let fields = [
      (valuesField(type), ValuesStyle.optional), (valuesField(type, isString: true), .optional),
      (valuesField(type, isArray: true), .repeated),
    ]
    var readable = 0
    for round in 0..<10_000 {
      let alphabet = alphabets[round % alphabets.count]
      var bytes: [UInt8]
      if round % 3 == 0 {
        bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
        for _ in 0..<Int.random(in: 0...3, using: &random) {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] =
            alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
        }
      } else {
        let count = [1, 4, 8, 16, Int.random(in: 0...80, using: &random)][round % 5]
        bytes = (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
      }
      let word = UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0..<64, using: &random)
      let cell: ValuesCell =
        switch round % 8 {
        case 0: .integer(Int64(bitPattern: word))
        case 1: .real(Double(bitPattern: word))
        case 2, 3: .blob(bytes)
        default: dialect == .sqlite ? .textBytes(bytes) : .blob(bytes)
        }
      let (field, style) = fields[Int.random(in: 0..<fields.count, using: &random)]
      let problem = valuesProblem(cell, field, style, dialect)
      if problem == nil { readable += 1 }
      #expect(problem?.hasPrefix("column \"c\" ") != false, "\(problem ?? "")")
    }
    // The generator is of use only if it hits both.
    #expect(readable > 0 && readable < 10_000)
  }

  /// The same for texts in requests.
  @Test(arguments: ScalarType.allCases, Dialect.allCases)
  func randomRequests(type: ScalarType, dialect: Dialect) {
    var random = ValuesRandom()
    let alphabet = Array("0123456789-+:.TZPDHMSW eE[]{}\",\\un".utf8)
    var refused = 0
    for _ in 0..<2_000 {
      let count = Int.random(in: 0...40, using: &random)
      let bytes = (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
      for field in [valuesField(type, isString: true), valuesField(type, isString: true, isArray: true)] {
        let slot = ValuesSlot.bytes(bytes)
        do throws(ValueError) {
          let bound = try valuesBind(field.type.isRepeated ? .elements([slot]) : slot, field, dialect)
          #expect(bound != nil)
        } catch {
          refused += 1
          #expect(!error.message.isEmpty)
        }
      }
    }
    let isChecked = [.date, .time, .decimal, .uuid, .json, .timestamp, .duration].contains(type)
    #expect(isChecked == (refused > 1_000))
  }
}
