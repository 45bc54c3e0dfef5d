"""The installed package works: headers, both libraries, pkg-config, find_package, manual pages; and the
example of the README compiles against it and runs."""
import os
import re
import shutil

import tap

PREFIX = tap.directory() / "prefix"
EXAMPLE = tap.directory() / "example.c"
SURROUNDINGS = tap.ROOT / "test/tool/example_main.c"
COMPILER = os.environ.get("CC", "cc")
FLAGS = ["-std=c11", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Wconversion", "-Werror"]

CMAKE_PROJECT = """
cmake_minimum_required(VERSION 3.22)
project(user C)
find_package(Handfast 0.1 REQUIRED)
foreach(kind IN ITEMS handfast handfast_static)
    add_executable(with_${kind} example.c example_main.c)
    target_compile_definitions(with_${kind} PRIVATE _DEFAULT_SOURCE)
    target_link_libraries(with_${kind} PRIVATE Handfast::${kind})
endforeach()
"""


def installed():
    """Installs once; the prefix is moved afterwards, because packages are staged and moved too."""
    if not PREFIX.exists():
        staged = tap.directory() / "staged"
        done = tap.run(["cmake", "--install", tap.BUILD, "--prefix", staged])
        tap.equal(done.returncode, 0, done.stdout + done.stderr)
        staged.rename(PREFIX)
        EXAMPLE.write_text(readme_example())
    return PREFIX


def readme_example():
    readme = (tap.ROOT / "README.md").read_text()
    block = re.search(r"<!-- example:.*?-->\s*```c\n(.*?)```\s*<!-- end of example -->", readme, re.S)
    tap.true(block, "README.md has no example between its markers")
    return block.group(1)


def library_directory():
    found = list(installed().rglob("libhandfast.a"))
    tap.equal(len(found), 1, "libhandfast.a")
    return found[0].parent


def pkg_config(*arguments):
    env = dict(os.environ, PKG_CONFIG_PATH=str(library_directory() / "pkgconfig"))
    done = tap.run(["pkg-config", *arguments, "handfast"], env=env)
    tap.equal(done.returncode, 0, done.stderr)
    return done.stdout.split()


def runs(program, **env):
    """The example fetches a page from a server that is not ours."""
    tap.need("openssl")
    certificate, key, port = tap.directory() / "cert.pem", tap.directory() / "key.pem", tap.free_port()
    if not key.exists():
        made = tap.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"])
        tap.equal(made.returncode, 0, made.stderr)
    server = tap.start(["openssl", "s_server", "-www", "-tls1_3", "-accept", str(port), "-cert", certificate,
                        "-key", key])
    tap.wait_for_log(server, "ACCEPT")
    done = tap.run([program, str(port), certificate], env=dict(os.environ, **env))
    tap.equal(done.returncode, 0, f"{program}: {done.stdout}{done.stderr}")
    tap.contains(done.stdout, "HTTP/1.0 200 ok")
    tap.contains(done.stdout, "TLSv1.3")
    tap.stop(server)


@tap.test("install puts every part in its place")
def parts():
    library = library_directory()
    for name in ("libhandfast.so", "libhandfast.so.0", "pkgconfig/handfast.pc",
                 "cmake/Handfast/HandfastConfig.cmake", "cmake/Handfast/HandfastConfigVersion.cmake"):
        tap.true((library / name).exists(), f"{name} is not installed")
    for name in ("include/handfast/handfast.h", "include/handfast/err.def", "share/man/man3/libhandfast.3",
                 "share/man/man3/hf_trust_judge.3"):
        tap.true((PREFIX / name).exists(), f"{name} is not installed")
    private = [str(path) for path in PREFIX.rglob("*.h") if path.parent.name != "handfast"]
    tap.equal(private, [], "headers that are not public")


@tap.test("install puts the program in its place, and it runs there")
def program():
    tap.need(tap.TOOL)
    tap.true((installed() / "share/man/man1/handfast.1").exists(), "handfast.1 is not installed")
    tap.equal(tap.run([PREFIX / "bin/handfast", "--help"]).returncode, 0)


@tap.test("the manual page says what --help says")
def manual():
    tap.need(tap.TOOL)
    done = tap.run([tap.ROOT / "script/man", "--build", tap.BUILD, "--check"])
    tap.equal(done.returncode, 0, done.stdout + done.stderr)


@tap.test("the shared library says its version and needs no libssl")
def soname():
    tap.need("readelf")
    dynamic = tap.run(["readelf", "-d", library_directory() / "libhandfast.so"]).stdout
    tap.contains(dynamic, "libhandfast.so.0]")
    tap.absent(dynamic, "libssl")
    tap.equal(pkg_config("--modversion"), ["0.1.0"])


@tap.test("the README's example, by pkg-config, shared")
def shared():
    program = tap.directory() / "shared"
    done = tap.run([COMPILER, *FLAGS, EXAMPLE, SURROUNDINGS, "-o", program, *pkg_config("--cflags", "--libs")])
    tap.equal(done.returncode, 0, done.stdout + done.stderr)
    runs(program, LD_LIBRARY_PATH=str(library_directory()))


@tap.test("the README's example, by pkg-config, static")
def static():
    program = tap.directory() / "static"
    libraries = pkg_config("--static", "--libs")
    libraries = ["-l:libhandfast.a" if part == "-lhandfast" else part for part in libraries]
    done = tap.run([COMPILER, *FLAGS, EXAMPLE, SURROUNDINGS, "-o", program, *pkg_config("--cflags"), *libraries])
    tap.equal(done.returncode, 0, done.stdout + done.stderr)
    runs(program)


@tap.test("the example of hf_trust_judge(3)")
def judge_example():
    page = (installed() / "share/man/man3/hf_trust_judge.3").read_text()
    block = re.search(r"^\.Bd -literal\n(.*?)^\.Ed$", page, re.S | re.M)
    tap.true(block, "the page has an example")
    source = tap.directory() / "judge.c"
    source.write_text(block.group(1).replace("\\e", "\\"))
    done = tap.run([COMPILER, *FLAGS, "-c", source, "-o", source.with_suffix(".o"), *pkg_config("--cflags")])
    tap.equal(done.returncode, 0, done.stdout + done.stderr)


@tap.test("the README's example, by find_package, both ways")
def find_package():
    installed()
    project = tap.directory() / "project"
    project.mkdir()
    shutil.copy(EXAMPLE, project / "example.c")
    shutil.copy(SURROUNDINGS, project / "example_main.c")
    (project / "CMakeLists.txt").write_text(CMAKE_PROJECT)
    for command in (["cmake", "-G", "Ninja", "-S", project, "-B", project / "out",
                     f"-DCMAKE_PREFIX_PATH={PREFIX}", f"-DCMAKE_C_COMPILER={COMPILER}"],
                    ["cmake", "--build", project / "out"]):
        done = tap.run(command, timeout=60)
        tap.equal(done.returncode, 0, done.stdout + done.stderr)
    runs(project / "out/with_handfast")
    runs(project / "out/with_handfast_static")


tap.main()
