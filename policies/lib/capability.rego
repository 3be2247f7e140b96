# Package capability compares the names of Linux capabilities.
package reeve.lib.capability

# Kubernetes wants names without CAP_ and in upper case; runtimes differ in what they make of others, so
# names are judged by what they mean.
normal(name) := trim_prefix(upper(name), "CAP_") if is_string(name)
