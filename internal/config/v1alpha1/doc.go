// Package v1alpha1 holds the types of Reeve's configuration file in version
// config.kubereeve.io/v1alpha1. Package config reads, completes and checks them.
//
// The comments on fields are what the JSON schema and the documentation say of
// them; write them for people who configure Reeve.
package v1alpha1
