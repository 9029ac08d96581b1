package main

import (
	"context"

	tp "peer/testpb"
)

// echoServer answers at once: what grpc-go itself costs.
type echoServer struct {
	tp.UnimplementedTestServiceServer
}

func (*echoServer) EmptyCall(context.Context, *tp.Empty) (*tp.Empty, error) { return &tp.Empty{}, nil }

func (*echoServer) StreamingOutputCall(q *tp.StreamingOutputCallRequest, out tp.TestService_StreamingOutputCallServer) error {
	for _, p := range q.ResponseParameters {
		answer := &tp.StreamingOutputCallResponse{Payload: &tp.Payload{Body: make([]byte, p.Size)}}
		if err := out.Send(answer); err != nil {
			return err
		}
	}
	return nil
}
