/* python.exe: a program around python311.dll, as CPython's own. */
#include <windows.h>
#include <wchar.h>

int wmain(int count, wchar_t **arguments)
{
    HMODULE library = LoadLibraryW(L"python311.dll");
    int (*run)(int, wchar_t **) = library ? (int (*)(int, wchar_t **))(void *)GetProcAddress(library, "Py_Main") : NULL;
    return run ? run(count, arguments) : 103;
}
