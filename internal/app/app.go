// Package app builds the program from its settings: it opens the database,
// wires connectors, doors and workers together, starts them and stops them.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"purser/internal/api"
	"purser/internal/base/fault"
	"purser/internal/domain/payment"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/job"
	"purser/internal/platform/outbound"
	"purser/internal/web"
	"purser/internal/worker"
)

// Config is what the one who starts the program chooses.
type Config struct {
	Addr    string // host:port to listen on
	Version string
	Log     *slog.Logger
	Started func(url string) // called once requests are answered; may be nil

	Outbound outbound.Policy // where webhooks may go
}

// App is the running program.
type App struct {
	Config
	DB       *db.DB
	Queue    *job.Queue
	Gateways payment.Gateways
	API      *api.Server
	Web      *web.Server
	work     worker.Deps
}

// New wires the program over an open, migrated database.
func New(d *db.DB, c Config) (*App, error) {
	gateways, err := connectors(d)
	if err != nil {
		return nil, err
	}
	work := worker.Deps{DB: d, Gateways: gateways, Partners: partners(), Outbound: outbound.NewClient(c.Outbound, callTime), Log: c.Log}
	queue, err := worker.NewQueue(work)
	if err != nil {
		return nil, err
	}
	return &App{
		Config: c, DB: d, Queue: queue, Gateways: gateways, work: work,
		API: &api.Server{DB: d, Queue: queue, Gateways: gateways, Outbound: c.Outbound, Log: c.Log, Version: c.Version},
		Web: &web.Server{DB: d, Log: c.Log},
	}, nil
}

// Handler is both doors: the API for programs, the back office for people.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	programs := a.API.Handler()
	for _, path := range []string{"/v1/", "/openapi.json", "/openapi.yaml", "/healthz", "/readyz"} {
		mux.Handle(path, programs)
	}
	mux.Handle("/", a.Web.Handler())
	return mux
}

const (
	drainTime  = 20 * time.Second // for requests and jobs that are under way at a stop
	usageEvery = 30 * time.Second
	callTime   = 20 * time.Second // for another program to answer
)

// Serve answers requests and works jobs until ctx ends, then lets what is under
// way finish.
func (a *App) Serve(ctx context.Context) error {
	if err := event.Align(ctx, a.DB); err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", a.Addr)
	if err != nil {
		return fault.New(fault.Unavailable, "serve.cannot_listen", "Cannot listen on %s: %v. Choose another address with --addr.", a.Addr, err)
	}
	jobs := auth.With(context.WithoutCancel(ctx), auth.System("worker"))
	if err := a.Queue.Start(jobs); err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{
		Handler:           a.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(a.Log.Handler(), slog.LevelWarn),
	}
	following, stop := context.WithCancel(jobs)
	defer stop()
	var followers sync.WaitGroup
	followers.Go(func() { a.work.Follow(following) })
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if a.Started != nil {
		a.Started("http://" + listener.Addr().String())
	}
	err = a.wait(ctx, failed)
	stop()
	followers.Wait()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return errors.Join(err, server.Shutdown(drain), a.Queue.Stop(drain), a.API.FlushUsage(drain))
}

// wait returns when ctx ends or the server fails, writing now and then what is
// kept in memory.
func (a *App) wait(ctx context.Context, failed <-chan error) error {
	tick := time.NewTicker(usageEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return fmt.Errorf("serve: %w", err)
		case <-tick.C:
			if err := a.API.FlushUsage(ctx); err != nil {
				a.Log.Warn("cannot note the use of API keys", "error", err)
			}
		}
	}
}
