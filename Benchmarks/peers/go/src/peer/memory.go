package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/golang/protobuf/ptypes/timestamp"
	"github.com/golang/protobuf/ptypes/wrappers"

	pb "peer/benchpb"
)

// memoryStore answers from a slice: the floor of a gRPC server in Go, with no database behind it.
type memoryStore struct {
	posts []*pb.Post
	last  int64
}

func newMemory(rows int) store {
	posts := make([]*pb.Post, rows)
	for i := range posts {
		posts[i] = &pb.Post{
			Id: int64(i + 1), Title: fmt.Sprintf("Title number %d of the table", i+1),
			Content: "the river garden over station planner letter music when winter cursor and market vacuum signal of stream teacher window in the river garden over station planner letter music when winter cursor and market",
			Views:   int32(i), Rating: &wrappers.DoubleValue{Value: 2.5}, Published: true,
			Created: &timestamp.Timestamp{Seconds: 1600000000 + int64(i), Nanos: 123456000},
		}
	}
	return &memoryStore{posts: posts, last: int64(rows)}
}

var errReadOnly = errors.New("the memory peer only reads and creates")

func (s *memoryStore) retrieve(_ context.Context, id int64) (*pb.Post, error) {
	if id < 1 || id > int64(len(s.posts)) {
		return nil, errNotFound
	}
	return s.posts[id-1], nil
}

func (s *memoryStore) list(_ context.Context, q *pb.PostListRequest, send func(*pb.Post) error) error {
	sent := int32(0)
	for _, p := range s.posts {
		if p.Id < q.IdFrom || q.PublishedOnly && !p.Published {
			continue
		}
		if err := send(p); err != nil {
			return err
		}
		if sent++; sent == q.PageSize {
			break
		}
	}
	return nil
}

func (s *memoryStore) create(context.Context, *pb.Post) (int64, error) {
	return atomic.AddInt64(&s.last, 1), nil
}

func (s *memoryStore) update(context.Context, *pb.Post) error { return errReadOnly }

func (s *memoryStore) partialUpdate(context.Context, *pb.PostPartialUpdateRequest) (*pb.Post, error) {
	return nil, errReadOnly
}

func (s *memoryStore) destroy(context.Context, int64) error { return errReadOnly }
