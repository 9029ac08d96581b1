import Testing

@testable import PillionTransport

extension LoopMemory {
  /// `hasRoom` as an expectation may ask it.
  fileprivate static func hasRoom(_ memory: inout LoopMemory, _ count: Int) -> Bool { memory.hasRoom(for: count) }
}

@Suite struct MemoryBudgetTests {
  @Test func `loops share what there is`() {
    let budget = MemoryBudget(limit: 10 << 20)
    var first = LoopMemory(budget)
    var second = LoopMemory(budget)
    #expect(LoopMemory.hasRoom(&first, 6 << 20))
    first.hold(6 << 20)
    #expect(!LoopMemory.hasRoom(&second, 6 << 20))
    #expect(LoopMemory.hasRoom(&second, 3 << 20))
    first.hold(-(6 << 20))
    #expect(LoopMemory.hasRoom(&second, 6 << 20), "what the first gave back")
    second.hold(6 << 20)
    #expect(!budget.isSpent)
  }

  @Test func `what is held counts even where there was no room for it`() {
    let budget = MemoryBudget(limit: 1 << 20)
    var memory = LoopMemory(budget)
    memory.hold(5 << 20)
    #expect(budget.isSpent && !LoopMemory.hasRoom(&memory, 3 << 20))
    memory.hold(-(5 << 20))
    #expect(!budget.isSpent && LoopMemory.hasRoom(&memory, 1))
  }

  @Test func `all that was taken is given back`() {
    let budget = MemoryBudget(limit: 64 << 20)
    var generator = SystemRandomNumberGenerator()
    var memory = LoopMemory(budget)
    var held: [Int] = []
    for _ in 0..<10_000 {
      if held.isEmpty || Bool.random(using: &generator) {
        let count = Int.random(in: 0...(1 << 20), using: &generator)
        if memory.hasRoom(for: count) {
          memory.hold(count)
          held.append(count)
        }
      } else {
        memory.hold(-held.removeLast())
      }
      #expect(held.reduce(0, +) <= 64 << 20)
    }
    for count in held { memory.hold(-count) }
    var other = LoopMemory(budget)
    #expect(LoopMemory.hasRoom(&other, 58 << 20))
  }

  @Test func `the longest of several messages is found`() {
    #expect([UInt8]().longestMessage == nil)
    #expect((framed([]) + framed([1, 2, 3]) + framed([1])).longestMessage == 3)
    #expect([0, 0, 0, 0].longestMessage == nil)
  }
}
