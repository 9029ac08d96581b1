import CPillionHTTP2
import Glibc
import Testing

@testable import PillionTransport

@Suite struct SessionMemoryTests {
  /// A block and what was written into it.
  private struct Block {
    var start: UnsafeMutableRawPointer
    var count: Int
    var mark: UInt8

    func fill() { memset(start, Int32(mark), count) }

    var isUntouched: Bool { UnsafeRawBufferPointer(start: start, count: count).allSatisfy { $0 == mark } }
  }

  @Test func `blocks keep what is written into them, whatever else is taken and given back`() throws {
    let memory = SessionMemory()
    let functions = memory.functions
    let user = functions.mem_user_data
    var random = SystemRandomNumberGenerator()
    var blocks: [Block] = []
    for round in 0..<20_000 {
      let mark = UInt8(truncatingIfNeeded: round)
      // Around the sizes of the lists, and above the largest.
      let count = Int.random(in: 1...600, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0, 1:
        let start = try #require(functions.malloc(count, user))
        blocks.append(Block(start: start, count: count, mark: mark))
        blocks[blocks.count - 1].fill()
      case 2:
        let start = try #require(functions.calloc(count, 1, user))
        let block = Block(start: start, count: count, mark: 0)
        #expect(block.isUntouched)
        blocks.append(block)
      case 3 where !blocks.isEmpty:
        let index = Int.random(in: blocks.indices, using: &random)
        let block = blocks[index]
        let start = try #require(functions.realloc(block.start, count, user))
        #expect(Block(start: start, count: min(count, block.count), mark: block.mark).isUntouched)
        blocks[index] = Block(start: start, count: count, mark: mark)
        blocks[index].fill()
      default:
        guard let block = blocks.popLast() else { continue }
        #expect(block.isUntouched)
        functions.free(block.start, user)
      }
      if let last = blocks.last { #expect(Int(bitPattern: last.start) % 16 == 0) }
    }
    for block in blocks {
      #expect(block.isUntouched)
      functions.free(block.start, user)
    }
  }

  @Test func `a block that was given back serves again`() throws {
    let memory = SessionMemory()
    let functions = memory.functions
    let user = functions.mem_user_data
    let first = try #require(functions.malloc(100, user))
    functions.free(first, user)
    let again = functions.malloc(128, user)
    let another = functions.malloc(128, user)
    #expect(again == first)
    #expect(another != first)
    functions.free(again, user)
    functions.free(another, user)
  }

  @Test func `what nobody can have is not given`() {
    let memory = SessionMemory()
    let functions = memory.functions
    let user = functions.mem_user_data
    #expect(functions.malloc(Int.max, user) == nil)
    #expect(functions.malloc(-1, user) == nil)
    #expect(functions.calloc(Int.max, 2, user) == nil)
    #expect(functions.realloc(nil, Int.max, user) == nil)
    functions.free(nil, user)
  }
}
