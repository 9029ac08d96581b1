import CPillionHTTP2
import Glibc

/// Memory for the nghttp2 sessions of one event loop.
///
/// nghttp2 takes six small blocks for each call and gives them back at its end. glibc keeps seven of a size at hand for a
/// thread (`glibc.malloc.tcache_count`), fewer than a loop has calls at once; these lists keep them all.
///
/// To be used on the loop alone, by sessions that hold on to it.
final class SessionMemory {
  /// Blocks that nobody uses; the first bytes of each say where the next is.
  private struct List {
    var first: UnsafeMutableRawPointer?
    var count = 0
  }

  private typealias Lists = UnsafeMutablePointer<List>

  /// Bytes before a block, which begin with its size; what follows stays aligned for anything.
  private static let header = 16
  /// Sizes are multiples of this, so that a block serves again for something nearly as large.
  private static let step = 64
  /// Larger blocks are not kept.
  private static let largest = 512
  /// Blocks of a size that are kept.
  private static let limit = 512

  /// By size.
  private let lists: Lists

  init() {
    lists = .allocate(capacity: Self.largest / Self.step + 1)
    lists.initialize(repeating: List(), count: Self.largest / Self.step + 1)
  }

  deinit {
    for index in 0...Self.largest / Self.step {
      while let block = lists[index].first {
        lists[index].first = block.load(as: UnsafeMutableRawPointer?.self)
        Glibc.free(block - Self.header)
      }
    }
    lists.deallocate()
  }

  /// What nghttp2 asks for memory.
  var functions: nghttp2_mem {
    nghttp2_mem(
      mem_user_data: lists,
      malloc: { size, user in SessionMemory.allocate(size, user) },
      free: { block, user in SessionMemory.release(block, user) },
      calloc: { count, size, user in
        let (total, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow, let block = SessionMemory.allocate(total, user) else { return nil }
        memset(block, 0, total)
        return block
      },
      realloc: { block, size, user in
        guard let block else { return SessionMemory.allocate(size, user) }
        let old = SessionMemory.size(of: block)
        if size <= old { return block }
        guard let larger = SessionMemory.allocate(size, user) else { return nil }
        memcpy(larger, block, old)
        SessionMemory.release(block, user)
        return larger
      })
  }

  /// Nil where there is no memory.
  private static func allocate(_ count: Int, _ user: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    let (padded, overflow) = count.addingReportingOverflow(step - 1 + header)
    guard count >= 0, !overflow else { return nil }
    let size = (padded - header) & ~(step - 1)
    if size <= largest, let lists = user?.assumingMemoryBound(to: List.self), let block = lists[size / step].first {
      lists[size / step].first = block.load(as: UnsafeMutableRawPointer?.self)
      lists[size / step].count -= 1
      return block
    }
    guard let start = Glibc.malloc(size + header) else { return nil }
    start.storeBytes(of: size, as: Int.self)
    return start + header
  }

  private static func release(_ block: UnsafeMutableRawPointer?, _ user: UnsafeMutableRawPointer?) {
    guard let block else { return }
    let size = size(of: block)
    if size <= largest, size > 0, let lists = user?.assumingMemoryBound(to: List.self), lists[size / step].count < limit
    {
      block.storeBytes(of: lists[size / step].first, as: UnsafeMutableRawPointer?.self)
      lists[size / step].first = block
      lists[size / step].count += 1
    } else {
      Glibc.free(block - header)
    }
  }

  private static func size(of block: UnsafeMutableRawPointer) -> Int { (block - header).load(as: Int.self) }
}
