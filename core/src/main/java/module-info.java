/** The optimizer SM3 over memory segments. Depends on the JDK alone. */
@org.jspecify.annotations.NullMarked
module dev.mincover.core {
  requires static org.jspecify;
  requires static jdk.incubator.vector;

  exports dev.mincover;
}
