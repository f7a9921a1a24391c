//go:build !linux

package pgcluster

func roomy(string) bool { return false }
